"""The web editor: a scene and its model in a browser, for one person."""
