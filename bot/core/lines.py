"""Where in a YAML or JSON text something stands, for errors that name the line."""

from collections.abc import Sequence

import yaml


def line_of(text: str, location: Sequence[int | str]) -> int:
    """The line of a key or item, counted from 1; of the last part of the way to it that is there.

    Args:
        text: YAML, of which JSON is a part.
        location: keys and places in lists, from the outside in.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return 1
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
        elif isinstance(node, yaml.SequenceNode) and str(part).isdigit():
            found = [(item, item) for item in node.value[int(part) : int(part) + 1]]
        else:
            found = []
        if not found:
            break
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line
