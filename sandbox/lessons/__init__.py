"""Lessons: drafted from a case, de-identified, cleared, published, adopted elsewhere."""
