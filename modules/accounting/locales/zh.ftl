# Texts of accounting (zh). Which keys there are, with their English: fondaco schema --texts accounting
