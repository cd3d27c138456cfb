"""Signing in at an OpenID provider: who that is here, and in which role. docs/integrations/single-sign-on.md.

django-allauth speaks the protocol and is there only when it is configured; what it says is proved and kept here.
"""
