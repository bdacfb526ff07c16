# Texts of accounting (pl). Which keys there are, with their English: fondaco schema --texts accounting
