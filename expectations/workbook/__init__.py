"""The workbooks that units get: issued, correction and batch, sheet by sheet."""
