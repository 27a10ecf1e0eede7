"""A batch in partitions of bounded size: what each reads, what it is kept by, and the pure steps that leave Parquet in work/."""
