"""One thing that an import brings: a series, or a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from aniworld.records import Record, RecordQuerySet, compare_and_set
from integrations.moving.models.run import ImportRun

_LONGEST_REASON = 500


class LineQuerySet(RecordQuerySet["ImportLine"]):
    """Questions about lines."""

    def waiting(self) -> LineQuerySet:
        """Those that were not looked up yet."""
        return self.filter(state=ImportLine.State.WAITING)

    def to_apply(self) -> LineQuerySet:
        """Those that were found and are wanted."""
        return self.filter(state=ImportLine.State.MATCHED, chosen=True)

    def counts(self) -> dict[str, int]:
        """How many of each state; one query."""
        found = Counter(dict(self.order_by().values_list("state").annotate(n=models.Count("pk"))))
        return {str(state): found[state] for state in ImportLine.State.values}

    def by_run(self) -> dict[int, dict[str, int]]:
        """The same for each import; one query."""
        found: dict[int, dict[str, int]] = {}
        for run, state, count in self.order_by().values_list("run", "state").annotate(n=models.Count("pk")):
            found.setdefault(run, dict.fromkeys(map(str, ImportLine.State.values), 0))[str(state)] = count
        return found


class ImportLine(Record):
    """waiting → matched | unclear | unmatched | unreachable | there | duplicate | wrong; matched → done | failed.

    `candidates` are what it may be, `choice` the number of the one it is taken for, `target` that one's identity.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        MATCHED = "matched", _("found")
        UNCLEAR = "unclear", _("several possible")
        UNMATCHED = "unmatched", _("not found")
        UNREACHABLE = "unreachable", _("no answer")
        THERE = "there", _("there already")
        DUPLICATE = "duplicate", _("named twice")
        WRONG = "wrong", _("not usable")
        DONE = "done", _("taken over")
        FAILED = "failed", _("failed")

    # What may be looked up once more.
    AGAIN = (State.UNCLEAR, State.UNMATCHED, State.UNREACHABLE)
    # What a report names: it did not come over.
    LEFT_OVER = (State.UNCLEAR, State.UNMATCHED, State.UNREACHABLE, State.WRONG, State.FAILED, State.WAITING)

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    text = models.CharField(max_length=1000, help_text=_("As it was given."))
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    chosen = models.BooleanField(default=True, help_text=_("Taken over when the import is applied."))
    reason = models.CharField(max_length=_LONGEST_REASON, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    candidates = models.JSONField(default=list, blank=True)
    choice = models.PositiveIntegerField(null=True, blank=True)
    target = models.CharField(max_length=1100, blank=True)
    series_key = models.CharField(max_length=200, blank=True)

    objects = LineQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of an import")
        verbose_name_plural = _("lines of imports")
        ordering = ["run", "number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="import_line_once")]
        indexes = [
            models.Index(fields=["run", "state", "number"], name="import_line_state"),
            models.Index(fields=["run", "target"], name="import_line_target"),
        ]

    def __str__(self) -> str:
        return self.text[:200]

    @property
    def candidate(self) -> dict[str, Any] | None:
        """The one it is taken for."""
        if self.choice is None or not 0 <= self.choice < len(self.candidates):
            return None
        found: dict[str, Any] = self.candidates[self.choice]
        return found

    def settle(self, state: str, reason: str = "", **values: Any) -> bool:
        """waiting → what the look brought. False when it is settled already."""
        return self._move((self.State.WAITING,), state=state, reason=reason[:_LONGEST_REASON], **values)

    def offer(self, found: dict[str, Any]) -> int:
        """One more candidate, by a person's word; answers its number, which is the old one of the same series."""
        places = [(one.get("provider"), one.get("slug")) for one in self.candidates]
        place = (found["provider"], found["slug"])
        if place in places:
            return places.index(place)
        self.candidates = [*self.candidates, found]
        ImportLine.objects.filter(pk=self.pk).update(candidates=self.candidates)
        return len(places)

    def take_for(self, choice: int, target: str) -> bool:
        """unclear, matched or unmatched → matched, by a person's word. False when it is past that."""
        before = (self.State.UNCLEAR, self.State.MATCHED, self.State.UNMATCHED)
        return self._move(before, state=self.State.MATCHED, choice=choice, target=target, chosen=True, reason="")

    def want(self, *, chosen: bool) -> bool:
        """Whether it is taken over when the import is applied. False when it is over."""
        return self._move(tuple(set(self.State) - {self.State.DONE}), chosen=chosen)

    def look_again(self) -> bool:
        """Back to waiting, or to matched when only the taking over failed. False when there is nothing to repeat."""
        if self._move((self.State.FAILED,), state=self.State.MATCHED, reason="", chosen=True):
            return True
        return self._move(self.AGAIN, state=self.State.WAITING, reason="")

    def done(self, reason: str = "", **values: Any) -> bool:
        """matched → done. False when it was not to be taken over any more."""
        return self._move((self.State.MATCHED,), state=self.State.DONE, reason=reason[:_LONGEST_REASON], **values)

    def pass_over(self, state: str, reason: str, **values: Any) -> bool:
        """matched → there or failed, with the reason."""
        return self._move((self.State.MATCHED,), state=state, reason=reason[:_LONGEST_REASON], **values)

    def _move(self, before: Sequence[str], **values: Any) -> bool:
        return compare_and_set(self, ImportLine.objects.filter(pk=self.pk, state__in=before), values)
