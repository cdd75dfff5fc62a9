"""The evaluation's report in a real browser: nothing cut off on a phone, no accessibility fault."""

import pytest

from services.classifier.evaluate import Bin, Evaluation, Slice
from services.classifier.report import AIMS, to_html
from tests.browser.staff_office import chromium, sideways, violations

pytestmark = pytest.mark.slow

SLICES = (Slice("under 15 words", 191, 0.96, 0.97), Slice("extern", 1075, 1.0, 1.0))
RESULT = Evaluation(
    rows=1170,
    figures=dict.fromkeys(AIMS, 0.5) | {"single_called_mixed": 1.0},
    slices=SLICES,
    reliability=(Bin(0.49, 0.33, 6), Bin(1.0, 1.0, 564)),
    confusions=(("extern.opholdstilladelse", "bif.danskundervisning", 3),),
    departments=SLICES,
)


@pytest.mark.parametrize("width", [320, 1280])
async def test_the_report_is_not_cut_off_and_has_no_accessibility_fault(tmp_path, width):
    page_file = tmp_path / "report.html"
    page_file.write_text(to_html(RESULT, "henvend", "0123456789ab" * 5), "utf-8")
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": width, "height": 800})
        await page.goto(page_file.as_uri())

        beyond, found = await sideways(page), await violations(page)

    assert beyond <= 1
    assert found == []
