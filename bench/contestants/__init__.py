"""Who takes part. A contestant brings a fleet to the config that lies ready for it, and back."""
