"""`kmanifest config`: show the settings that are in effect, and the schema of the settings file."""

from kmanifest.cli.verbs import Group, Verb

COMMAND = Group(
    ("config",),
    "Show the settings from kmanifest.toml and the environment, and the schema of kmanifest.toml.\n",
    (
        Verb("schema", "print the JSON Schema of kmanifest.toml", "kmanifest.cli.config.schema"),
        Verb("show", "print the settings, and what set them", "kmanifest.cli.config.show"),
    ),
)
