# Texts of the shell (vi). Which keys there are, with their English: en.ftl beside this file.
