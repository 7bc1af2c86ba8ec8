"""The report that people take home: what it says (`content`), and how it is laid out on a page and on paper."""
