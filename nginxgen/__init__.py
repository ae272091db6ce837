"""Gray releases for plain nginx on hosts you reach by SSH."""

__version__ = "0.1.0"
