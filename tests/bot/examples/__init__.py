"""Replies as they really come, with the figures of the team that the README tells of."""

from bot.replies import Reply
from tests.bot.examples.answers import ANSWER_EXAMPLES
from tests.bot.examples.asking import ASKING_EXAMPLES
from tests.bot.examples.board import BOARD_EXAMPLES
from tests.bot.examples.ideas import IDEA_EXAMPLES
from tests.bot.examples.merging import MERGING_EXAMPLES
from tests.bot.examples.report import REPORT_EXAMPLES
from tests.bot.examples.status import STATUS_EXAMPLES
from tests.bot.examples.training import TRAINING_EXAMPLES

EXAMPLES: dict[str, Reply] = {
    **ANSWER_EXAMPLES,
    **ASKING_EXAMPLES,
    **BOARD_EXAMPLES,
    **IDEA_EXAMPLES,
    **MERGING_EXAMPLES,
    **REPORT_EXAMPLES,
    **STATUS_EXAMPLES,
    **TRAINING_EXAMPLES,
}
