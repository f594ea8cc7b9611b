"""One check a module: `problems(tree)` yields a sentence for each breach, `path:line: what`."""
