"""Numbers with their nouns, in the singular where there is one."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """``number`` and ``noun`` as a message has them.

    Args:
        number: How many.
        noun: In the singular.
        plural: Of the noun, where it is not the noun with an s.

    Example:
        >>> counted(1, "positive"), counted(1234, "radiograph")
        ('1 positive', '1,234 radiographs')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
