# Texts of accounting (th). Which keys there are, with their English: fondaco schema --texts accounting
