# Texts of the shell (zh). Which keys there are, with their English: en.ftl beside this file.
