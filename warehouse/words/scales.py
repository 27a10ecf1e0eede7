"""Multiples of a unit of measurement, as they stand before it: 万元 is ten thousand 元."""

SCALES = {
    "十": 1e1, "百": 1e2, "千": 1e3, "万": 1e4, "十万": 1e5, "百万": 1e6, "千万": 1e7, "亿": 1e8,
}  # fmt: skip
