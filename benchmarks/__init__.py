"""What things cost here, as ratios that mean the same on every machine."""
