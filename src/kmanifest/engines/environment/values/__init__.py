"""The values of an environment: layers of files, merged, with the first layer as the schema of the others."""
