"""Hosts in the hands of other processes: on this machine, or on those of a Dask cluster. One way to speak with both."""
