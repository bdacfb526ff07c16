# Texts of the shell (th). Which keys there are, with their English: en.ftl beside this file.
