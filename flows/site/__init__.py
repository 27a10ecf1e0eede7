"""The pages below site/: what is published as a person reads it in a browser, without server and network."""
