"""A private fleet on this machine: real sshd and nginx on loopback, for the demo, the tests and the benchmarks.

Nothing of the machine is used or changed but its programs: every file stands below one directory, every port is on a
loopback address, every process is a child whose pid is known. (One exception: sshd run by root wants the empty
directory /run/sshd, which is made where it is missing.)
"""
