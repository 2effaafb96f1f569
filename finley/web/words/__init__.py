"""The words in which pages show what finley computed: layers, evidence, days and amounts."""
