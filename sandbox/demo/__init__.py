"""A believable year, made by calling the same commands as people do, at past times.

Everybody and every firm in it is invented.
"""
