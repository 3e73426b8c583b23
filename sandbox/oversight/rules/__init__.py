"""What is made of what was counted: the order by risk. Pure."""
