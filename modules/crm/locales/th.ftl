# Texts of crm (th). Which keys there are, with their English: fondaco schema --texts crm
