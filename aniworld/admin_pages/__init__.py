"""What all pages of the admin are made of: lists that stay quick, links, questions before what hurts, live lists."""
