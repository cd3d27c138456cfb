"""Moving in from elsewhere, and out again: lists of links, Sonarr's series, and folders of files.

An import is a row with a line for each thing that it brings. Lines are looked up first, which changes nothing; then
somebody applies what they chose of them, and what is left over stays readable. docs/integrations/moving-in.md.
"""
