"""What each user says of the series they like."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld.records import Record, RecordQuerySet
from aniworld.refusals import Invalid, NotThere
from library.models.series import Series


class FavoriteWords(TypedDict, total=False):
    """What a user says of a favourite."""

    custom_title: str
    rating: Decimal | float | None
    notes: str


class FavoriteQuerySet(RecordQuerySet["Favorite"]):
    """Each user's own; series that were removed are not shown, but remembered."""

    def of(self, user: AbstractBaseUser) -> FavoriteQuerySet:
        """The user's, newest first."""
        return self.filter(user_id=user.pk, series__deleted_at__isnull=True).order_by("-created_at", "-id")

    def put(self, user: AbstractBaseUser, series: Series) -> tuple[Favorite, bool]:
        """Makes it a favourite; answers it, and whether it is new."""
        return self.get_or_create(user_id=user.pk, series=series)

    def drop(self, user: AbstractBaseUser, series: Series) -> bool:
        """Whether there was one to take away."""
        return bool(self.filter(user_id=user.pk, series=series).delete()[0])

    def put_all(self, user: AbstractBaseUser, keys: Collection[str], *, is_favorite: bool) -> int:
        """Makes all of `keys` favourites or none of them; answers how many changed.

        Raises `NotThere`, and changes nothing then, when one is unknown.
        """
        with transaction.atomic():
            series = list(Series.objects.live().filter(key__in=set(keys)))
            unknown = set(keys) - {one.key for one in series}
            if unknown:
                raise NotThere(gettext("There is no series “%s”.") % "”, “".join(sorted(unknown)[:5]), "unknown_series")
            if not is_favorite:
                return self.filter(user_id=user.pk, series__in=series).delete()[0]
            return sum(self.put(user, one)[1] for one in series)


class Favorite(Record):
    """A user's favourite series with what the user says of it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="favorites")
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="favorites")
    custom_title = models.CharField(max_length=500, blank=True)
    rating = models.DecimalField(
        max_digits=2,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(5)],
        help_text=_("0 to 5 in halves."),
    )
    notes = models.TextField(blank=True)

    objects = FavoriteQuerySet.as_manager()

    class Meta:
        verbose_name = _("favourite")
        verbose_name_plural = _("favourites")
        constraints = [
            models.UniqueConstraint(fields=["user", "series"], name="favorite_once"),
            models.CheckConstraint(
                condition=models.Q(rating__isnull=True) | models.Q(rating__gte=0, rating__lte=5),
                name="favorite_rating_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.custom_title or str(self.series)

    def change(self, **values: Unpack[FavoriteWords]) -> None:
        """Changes what is given; a rating of None takes it away. Raises `Invalid` for one that is no half of 0 to 5."""
        given: dict[str, Any] = {**values}
        if given.get("rating") is not None:
            given["rating"] = checked_rating(given["rating"])
        Favorite.objects.filter(pk=self.pk).update(**given)
        self.refresh_from_db(fields=[*given, "updated_at"])


def checked_rating(rating: Decimal | float) -> Decimal:
    """0, 0.5 … 5. Raises `Invalid`."""
    doubled = float(rating) * 2
    if doubled not in range(11):
        raise Invalid(gettext("A rating is 0 to 5 in halves."), "invalid_rating")
    return Decimal(int(doubled)) / 2
