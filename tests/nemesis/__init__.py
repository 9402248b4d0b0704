"""Several real processes on one PostgreSQL, under a nemesis that stops, kills and cuts them off.

A nemesis is what disturbs a system while a checker keeps its history, as Jepsen calls it:
https://github.com/jepsen-io/jepsen/blob/main/doc/tutorial/05-nemesis.md
"""
