"""Every noun of nginxgen, frozen. Nothing here reads, writes, or knows a library."""
