"""Parameters that mean the same in every slice."""

from typing import Annotated

from litestar.params import QueryParameter


def _language(description: str) -> QueryParameter:
    return QueryParameter(
        min_length=2, max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", description=description
    )


Language = Annotated[str | None, _language("The language to answer in, as a tag of BCP 47.")]
"""The parameter `lang`. Litestar does not look at constraints inside a union: they stand beside it."""
SpokenLanguage = Annotated[str | None, _language("Spoken from the floor or interpreted into; `en` finds `en-GB` too.")]
"""The parameter `language`, by which sessions are chosen."""
Override = Annotated[
    bool,
    QueryParameter(
        description="Go on in spite of conflicts of speakers and interpretation teams; never of rooms. For organizers."
    ),
]
"""The parameter `override`, which needs a `reason`."""
Reason = Annotated[
    str | None, QueryParameter(max_length=500, description="Why; needed with `override`, and kept with it.")
]
"""The parameter `reason`."""
DryRun = Annotated[bool, QueryParameter(description="Only tell what would be: nothing is written.")]
"""The parameter `dry_run`."""
