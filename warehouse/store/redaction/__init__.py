"""The warehouse as everybody may read it: a copy of the whole one without the counts that are not published."""
