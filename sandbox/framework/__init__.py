"""The living framework: the regulation as data. Packs, their loader and their rules."""
