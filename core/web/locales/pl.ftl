# Texts of the shell (pl). Which keys there are, with their English: en.ftl beside this file.
