"""What people write of gates, to gates: below the inventory, which gives each fault its line, and the judge."""
