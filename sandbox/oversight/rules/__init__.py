"""What is made of what was counted: the order by risk, the week of a mail, limits that never bound.
Pure."""
