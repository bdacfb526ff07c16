//! Kinds of companies: with which modules each begins, what it switches on next, and the accounts and
//! settings that suit it.
//! Not here: writing the folder (`commands::init`).

use clap::ValueEnum;

/// What kind of company a folder is laid out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// Buys and sells goods.
    Trade,
    /// Sells work.
    Services,
    /// Makes what it sells.
    Manufacturing,
    /// Sells online.
    Commerce,
    /// Several companies and currencies.
    Enterprise,
}

/// One step of the way: modules, and what they bring.
pub(crate) struct Step {
    pub(crate) modules: &'static [&'static str],
    pub(crate) brings: &'static str,
    /// What to see to before the next step.
    pub(crate) see_to: &'static str,
}

const CUSTOMERS: Step = Step {
    modules: &["crm"],
    brings: "Leads, opportunities and one page for each customer.",
    see_to: "Enter or import your customers (`fondaco import`), and your sales stages.",
};
const ORDERS: Step = Step {
    modules: &["cpq", "sales"],
    brings: "Quotes and orders; the customers are there already.",
    see_to: "Enter products and prices. Orders are noted as delivered by hand for now.",
};
const PLAIN_ORDERS: Step = Step {
    modules: &["sales"],
    brings: "Orders for work and fees; the customers are there already.",
    see_to: "Enter your services as products of the kind service.",
};
const STOCK: Step = Step {
    modules: &["inventory", "purchasing"],
    brings: "Counted goods: deliveries are opened for the orders that are open, receipts for purchases.",
    see_to: "Enter what is in stock with an adjustment of the kind opening, then `Plan again` on orders that wait.",
};
const BOOKS: Step = Step {
    modules: &["accounting"],
    brings: "Invoices, payments and the books. The stock that is there is valued; what moved since the first day of the fiscal year is booked on its day.",
    see_to: "Post the opening balances of bank and equity. Another first day: `books_from` of the company, in data/company.toml, before this step.",
};
const PEOPLE: Step = Step {
    modules: &["hr"],
    brings: "Employees, departments and leave.",
    see_to: "Enter employees and grant their leave.",
};

impl Profile {
    /// The way of such a company; the first step is on from the start.
    pub(crate) fn steps(self) -> Vec<Step> {
        match self {
            Profile::Trade => vec![CUSTOMERS, ORDERS, STOCK, BOOKS, PEOPLE],
            Profile::Services => vec![CUSTOMERS, PLAIN_ORDERS, BOOKS, PEOPLE],
            Profile::Manufacturing => vec![
                Step {
                    modules: &["inventory", "purchasing", "manufacturing"],
                    brings: "Stock, purchases, bills of materials and production orders.",
                    see_to: "Enter the stock that is there with an adjustment of the kind opening, then bills of materials and suppliers' prices.",
                },
                Step {
                    modules: &["sales"],
                    brings: "Orders of customers: what is short is made or bought.",
                    see_to: "Enter customers and prices.",
                },
                BOOKS,
                Step {
                    modules: &["crm", "cpq"],
                    brings: "Leads and quotes, with configured products and a promised day.",
                    see_to: "Describe the options of what is configured.",
                },
                PEOPLE,
            ],
            Profile::Commerce => vec![
                Step {
                    modules: &["crm", "sales", "inventory", "purchasing"],
                    brings: "Customers, orders and counted goods from the first day.",
                    see_to: "Import products and customers, enter the stock that is there, and give the shop's token the role of its orders.",
                },
                BOOKS,
                Step {
                    modules: &["cpq"],
                    brings: "Price lists, volume discounts and quotes.",
                    see_to: "Enter price lists; without one the product's own price holds.",
                },
                PEOPLE,
            ],
            Profile::Enterprise => vec![
                Step {
                    modules: &["crm", "sales", "purchasing", "inventory", "accounting"],
                    brings: "Both companies with customers, orders, stock and books, each in its currency.",
                    see_to: "Enter exchange rates, post opening balances in each company, give each user the companies he works in.",
                },
                Step {
                    modules: &["cpq"],
                    brings: "Quotes and price lists. Try it in one company first: see Pilots below.",
                    see_to: "Set limits of discounts and margins that need no approval.",
                },
                Step {
                    modules: &["manufacturing"],
                    brings: "Production, where a company makes things.",
                    see_to: "Enter bills of materials and work centres.",
                },
                PEOPLE,
            ],
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Profile::Trade => "trade",
            Profile::Services => "services",
            Profile::Manufacturing => "manufacturing",
            Profile::Commerce => "commerce",
            Profile::Enterprise => "enterprise",
        }
    }

    /// Fields of the company that suit its kind; those of modules that are off count once they are on.
    pub(crate) fn settings(self) -> &'static str {
        match self {
            Profile::Trade => "quote_days = 14\nsupply_days = 7\n",
            Profile::Services => "quote_days = 30\n",
            Profile::Manufacturing => {
                "supply_days = 14\nover_receipt = \"0.02\"\nquote_days = 30\n"
            }
            Profile::Commerce => "supply_days = 5\nover_receipt = \"0\"\n",
            Profile::Enterprise => {
                "quote_days = 30\nquote_discount_max = \"0.1\"\nsupply_days = 14\n"
            }
        }
    }

    /// Accounts beside the generic chart: key, code, name and kind.
    pub(crate) fn accounts(self) -> &'static [[&'static str; 4]] {
        match self {
            Profile::Trade => &[["freight_in", "5110", "Freight on purchases", "expense"]],
            Profile::Services => &[
                ["fees", "4010", "Fees", "income"],
                ["subcontractors", "5110", "Subcontractors", "expense"],
            ],
            Profile::Manufacturing => &[
                ["scrap", "5120", "Scrap", "expense"],
                ["energy", "6110", "Energy of production", "expense"],
            ],
            Profile::Commerce => &[
                ["payment_providers", "1050", "Payment providers", "asset"],
                ["payment_fees", "6120", "Fees of payment providers", "expense"],
            ],
            Profile::Enterprise => &[
                ["due_from_group", "1260", "Due from companies of the group", "asset"],
                ["due_to_group", "2160", "Due to companies of the group", "liability"],
            ],
        }
    }

    /// Roles of the company itself: name, label, help and what each includes. Those of modules that
    /// are off come with their modules.
    pub(crate) fn roles(self) -> Vec<(&'static str, &'static str, &'static [&'static str])> {
        let manager: &[&str] = &[
            "crm_manager",
            "cpq_manager",
            "sales_manager",
            "purchasing_manager",
            "inventory_manager",
            "manufacturing_manager",
        ];
        let office: (&str, &str, &[&str]) =
            ("back_office", "Back office", &["accountant", "hr_officer"]);
        let front: (&str, &str, &[&str]) =
            ("front_office", "Front office", &["crm_user", "cpq_user", "sales_user"]);
        let store: (&str, &str, &[&str]) =
            ("warehouse", "Warehouse", &["inventory_user", "purchasing_user"]);
        let floor: (&str, &str, &[&str]) =
            ("shop_floor", "Shop floor", &["manufacturing_user", "inventory_user"]);
        let mut roles = vec![("manager", "Manager", manager), front, office];
        match self {
            Profile::Services => {}
            Profile::Manufacturing | Profile::Enterprise => roles.extend([store, floor]),
            Profile::Trade | Profile::Commerce => roles.push(store),
        }
        roles
    }
}
