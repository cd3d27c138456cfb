"""The pages that people use every day: thin views over the verbs that API and commands call too."""
