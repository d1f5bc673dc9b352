from __future__ import annotations

from configs.catalogue_page import PAGE, page
from emotiw.challenges.certainty import certainties
from emotiw.challenges.spec import load_spec, spec_names


def test_the_page_of_the_catalogue_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python configs/catalogue_page.py"


def test_no_assumed_fact_is_shown_as_found() -> None:
    rows = {line.split("`")[1]: line for line in page().splitlines() if line.startswith("| `")}
    assert list(rows) == spec_names()
    for name, row in rows.items():
        known = certainties(load_spec(name))
        cells = [cell.strip() for cell in row.strip("| ").split(" | ")][-6:]
        facts = ("labels", "layout", "sizes", "metric", "submission", "attempts")
        assert cells == [known.get(fact, "–") for fact in facts]  # type: ignore[call-overload]


def test_the_readme_counts_the_challenges() -> None:
    readme = PAGE.parents[1] / "README.md"
    assert f"[{len(spec_names())} challenges and corpora](docs/challenges.md)" in readme.read_text(
        encoding="utf-8"
    )
