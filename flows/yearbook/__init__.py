"""The yearbook 年鉴: published numbers of five years as tables and charts of one workbook, ready to be printed."""
