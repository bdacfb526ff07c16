# Texts of accounting (vi). Which keys there are, with their English: fondaco schema --texts accounting
