"""Which account of an OpenID provider is which user here."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aniworld.accounts.models import User
from aniworld.records import Record, RecordQuerySet


class OpenIdAccount(Record):
    """One account of a provider: its issuer and its subject, which never change, unlike names and addresses of mail."""

    issuer = models.CharField(
        _("issuer"), max_length=300, help_text=_("The provider's OIDC_ISSUER, as it names itself.")
    )
    subject = models.CharField(_("subject"), max_length=255, help_text=_("What the provider calls the account: “sub”."))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="openid_accounts", verbose_name=_("user")
    )
    shown_name = models.CharField(_("name there"), max_length=300, blank=True, editable=False)
    last_seen = models.DateTimeField(_("last signed in"), null=True, blank=True, editable=False)

    objects = RecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("account of the OpenID provider")
        verbose_name_plural = _("accounts of the OpenID provider")
        ordering = ["-last_seen", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"],
                name="one_user_for_a_subject",
                violation_error_message=_("This account belongs to a user already."),
            )
        ]

    def __str__(self) -> str:
        return self.shown_name or self.subject

    @classmethod
    def found(cls, issuer: str, subject: str) -> OpenIdAccount | None:
        """The account, with its user; None for one that never was here."""
        return cls.objects.select_related("user").filter(issuer=issuer, subject=subject).first()

    @classmethod
    def of(cls, issuer: str, subject: str, user: User) -> OpenIdAccount:
        """A new one. Raises IntegrityError when somebody was quicker."""
        return cls.objects.create(issuer=issuer, subject=subject, user=user)

    def seen(self, shown_name: str) -> None:
        """Somebody signed in with it just now."""
        self.shown_name, self.last_seen = shown_name[:300], timezone.now()
        OpenIdAccount.objects.filter(pk=self.pk).update(shown_name=self.shown_name, last_seen=self.last_seen)
