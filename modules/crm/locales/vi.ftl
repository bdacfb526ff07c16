# Texts of crm (vi). Which keys there are, with their English: fondaco schema --texts crm
