"""nginxgen beside what people use instead, on the same work, in one run: see docs/performance.md.

The hosts are real (sshd and nginx on loopback, nginxgen.demo.lab); so are the contestants. Not part of the package.
"""
