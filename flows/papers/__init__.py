"""The papers of a year 公报、年鉴 beside the pages: written anew by a night in which their numbers changed."""
