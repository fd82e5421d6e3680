"""What a page does not show, and why: in one place instead of in sections without content."""

from collections.abc import Sequence

from xraykit.report.blocks import Facts, Missing, Section

NOT_SHOWN = "Not shown"


def without_empty(sections: Sequence[Section]) -> list[Section]:
    """The sections with content; the reasons of the others are facts of one section at the end.

    Args:
        sections: Of a page, in order. A section whose blocks all are :class:`Missing` has no content.

    Returns:
        The sections to show. Contents and page are made from them, so that both agree.
    """
    shown = [section for section in sections if not _is_empty(section)]
    reasons = [
        (section.title, " ".join(block.text for block in section.blocks if isinstance(block, Missing)))
        for section in sections
        if section.blocks and _is_empty(section)
    ]
    return [*shown, Section("not-shown", NOT_SHOWN, [Facts(tuple(reasons))])] if reasons else shown


def _is_empty(section: Section) -> bool:
    return all(isinstance(block, Missing) for block in section.blocks)
