#include "ctl_seed_words.h"

#define LENGTH(words) (sizeof(words) / sizeof *(words))
#define LIST(words_)                                                                               \
    {                                                                                              \
        .words = (words_), .count = LENGTH(words_)                                                 \
    }
#define NONE                                                                                       \
    {                                                                                              \
        .words = 0                                                                                 \
    }

/* --- The small shop --- */

static const char *const sofas_words[] = {
    "Sofa",
    "Corner Sofa",
    "Daybed",
    "Loveseat",
};

static const char *const lamps_words[] = {
    "Floor Lamp",
    "Table Lamp",
    "Pendant",
    "Reading Light",
};

static const char *const shelves_words[] = {
    "Bookcase",
    "Wall Shelf",
    "Sideboard",
    "Ladder Shelf",
};

static const char *const pans_words[] = {
    "Frying Pan",
    "Sauté Pan",
    "Wok",
    "Casserole",
};

static const char *const knives_words[] = {
    "Chef's Knife",
    "Paring Knife",
    "Bread Knife",
    "Cleaver",
};

static const char *const benches_words[] = {
    "Garden Bench",
    "Folding Bench",
    "Tree Seat",
    "Swing",
};

static const char *const planters_words[] = {
    "Planter",
    "Window Box",
    "Trellis",
    "Raised Bed",
};

static const char *const desks_words[] = {
    "Desk",
    "Standing Desk",
    "Secretary",
    "Workbench",
};

static const char *const chairs_words[] = {
    "Task Chair",
    "Stool",
    "Armchair",
    "Rocking Chair",
};

const struct seed_shelf seed_shelves[13] = {
    {"Living", 0, 1, "Rooms to sit in", NONE, 0},
    {"Kitchen", 0, 2, "Rooms to cook in", NONE, 0},
    {"Outdoor", 0, 3, "Gardens and balconies", NONE, 0},
    {"Office", 0, 4, "Rooms to work in", NONE, 0},
    {"Sofas", "Living", 1, "Seats for two and more", LIST(sofas_words), 1290},
    {"Lamps", "Living", 2, "Light where it is wanted", LIST(lamps_words), 79},
    {"Shelves", "Living", 3, "Places for books", LIST(shelves_words), 199},
    {"Pans", "Kitchen", 1, "To fry and to braise", LIST(pans_words), 45},
    {"Knives", "Kitchen", 2, "To cut and to carve", LIST(knives_words), 38},
    {"Benches", "Outdoor", 1, "To sit in the sun", LIST(benches_words), 229},
    {"Planters", "Outdoor", 2, "Homes for plants", LIST(planters_words), 32},
    {"Desks", "Office", 1, "To sit or stand at", LIST(desks_words), 349},
    {"Chairs", "Office", 2, "For a day of work", LIST(chairs_words), 159},
};

static const char *const small_lines_words[] = {
    "Alder", "Birk",    "Corvo", "Dune",    "Ember", "Fjord",
    "Grove", "Harbour", "Isola", "Juniper", "Kelso", "Linden",
};
const struct seed_list seed_small_lines = LIST(small_lines_words);

static const char *const small_materials_words[] = {
    "Oak", "Ash", "Walnut", "Steel", "Copper", "Linen", "Cane", "Granite",
};
const struct seed_list seed_small_materials = LIST(small_materials_words);

/* --- The large one --- */

const char *const seed_roots[] = {"Living",   "Kitchen",  "Outdoor", "Office",   "Bedroom",
                                  "Bathroom", "Children", "Hallway", "Lighting", "Textiles"};
const unsigned seed_root_count = LENGTH(seed_roots);

const struct seed_group seed_groups[] = {
    {0,
     "Seating",
     690,
     {"Corner Couch", "Chaise Longue", "Recliner", "Footstool", "Pouffe", "Bean Bag"}},
    {0,
     "Tables",
     190,
     {"Coffee Table", "Side Table", "Nesting Tables", "Console Table", "Tray Table",
      "Plant Stand"}},
    {0,
     "Storage",
     260,
     {"Display Cabinet", "Media Unit", "Highboard", "Cube Storage", "Magazine Rack",
      "Storage Box"}},
    {0,
     "Armchairs",
     340,
     {"Wing Chair", "Lounge Chair", "Swivel Armchair", "Papasan", "Egg Chair", "Tub Chair"}},
    {0,
     "Decoration",
     35,
     {"Vase", "Candle Holder", "Picture Frame", "Wall Clock", "Mirror", "Figurine"}},
    {0,
     "Fireplaces",
     480,
     {"Electric Fire", "Log Basket", "Fire Screen", "Poker Set", "Ash Bucket", "Mantel Shelf"}},
    {1, "Cookware", 60, {"Saucepan", "Stockpot", "Griddle", "Roasting Tin", "Steamer", "Milk Pan"}},
    {1, "Tableware", 24, {"Dinner Plate", "Soup Bowl", "Serving Dish", "Mug", "Teapot", "Egg Cup"}},
    {1,
     "Cutlery",
     30,
     {"Fork Set", "Spoon Set", "Steak Knife", "Salad Server", "Cake Slice", "Cheese Knife"}},
    {1,
     "Baking",
     22,
     {"Cake Tin", "Mixing Bowl", "Rolling Pin", "Whisk", "Cooling Rack", "Muffin Tray"}},
    {1,
     "Appliances",
     120,
     {"Kettle", "Toaster", "Blender", "Coffee Grinder", "Hand Mixer", "Juicer"}},
    {1,
     "Pantry",
     18,
     {"Spice Jar", "Bread Bin", "Oil Bottle", "Storage Tin", "Cereal Box", "Onion Crock"}},
    {2,
     "Garden Seating",
     280,
     {"Deck Chair", "Hammock", "Sun Lounger", "Garden Sofa", "Picnic Set", "Hanging Chair"}},
    {2,
     "Garden Tables",
     210,
     {"Bistro Table", "Garden Table", "Folding Table", "Bar Table", "Potting Table",
      "Parasol Table"}},
    {2,
     "Barbecue",
     190,
     {"Charcoal Grill", "Gas Grill", "Smoker", "Fire Bowl", "Grill Tongs", "Pizza Stone"}},
    {2,
     "Planting",
     28,
     {"Flower Pot", "Hanging Basket", "Watering Can", "Seed Tray", "Cold Frame", "Compost Bin"}},
    {2, "Shade", 130, {"Parasol", "Awning", "Sun Sail", "Gazebo", "Pergola", "Windbreak"}},
    {2,
     "Garden Tools",
     32,
     {"Spade", "Rake", "Hoe", "Pruning Shears", "Wheelbarrow", "Hedge Trimmer"}},
    {3,
     "Office Seating",
     220,
     {"Desk Chair", "Drafting Chair", "Saddle Stool", "Kneeling Chair", "Visitor Chair",
      "Conference Chair"}},
    {3,
     "Workstations",
     390,
     {"Height Desk", "Corner Desk", "Writing Desk", "Laptop Stand", "Trestle", "Desk Top"}},
    {3,
     "Filing",
     140,
     {"Filing Cabinet", "Pedestal", "Bookend", "Letter Tray", "Binder Shelf", "Archive Box"}},
    {3,
     "Desk Accessories",
     16,
     {"Pen Pot", "Desk Pad", "Cable Tray", "Monitor Riser", "Notebook", "Paper Knife"}},
    {3,
     "Boards",
     70,
     {"Whiteboard", "Pin Board", "Flip Chart", "Felt Board", "Glass Board", "Year Planner"}},
    {3,
     "Screens",
     150,
     {"Room Divider", "Acoustic Panel", "Desk Screen", "Privacy Pod", "Wall Panel",
      "Ceiling Baffle"}},
    {4,
     "Beds",
     560,
     {"Bed Frame", "Box Spring", "Bunk Bed", "Guest Bed", "Ottoman Bed", "Four Poster"}},
    {4,
     "Mattresses",
     420,
     {"Foam Mattress", "Spring Mattress", "Latex Mattress", "Topper", "Slatted Base",
      "Mattress Cover"}},
    {4,
     "Wardrobes",
     610,
     {"Wardrobe", "Sliding Wardrobe", "Clothes Rail", "Tall Boy", "Linen Press", "Shoe Chest"}},
    {4,
     "Night Tables",
     90,
     {"Bedside Table", "Night Stand", "Bedside Shelf", "Vanity Table", "Jewellery Box",
      "Valet Stand"}},
    {4, "Bedding", 70, {"Duvet", "Pillow", "Duvet Cover", "Fitted Sheet", "Pillowcase", "Blanket"}},
    {4,
     "Dressers",
     330,
     {"Chest of Drawers", "Dressing Table", "Commode", "Blanket Box", "Tallboy", "Lingerie Chest"}},
    {5,
     "Basins",
     180,
     {"Washbasin", "Countertop Basin", "Vanity Unit", "Corner Basin", "Pedestal Basin",
      "Basin Shelf"}},
    {5,
     "Bath Storage",
     85,
     {"Mirror Cabinet", "Bath Shelf", "Laundry Basket", "Towel Ladder", "Corner Shelf",
      "Medicine Cabinet"}},
    {5,
     "Taps",
     95,
     {"Basin Tap", "Mixer Tap", "Shower Head", "Bath Filler", "Hand Shower", "Thermostat"}},
    {5,
     "Bath Textiles",
     20,
     {"Bath Towel", "Hand Towel", "Bath Mat", "Shower Curtain", "Bathrobe", "Face Cloth"}},
    {5,
     "Bath Accessories",
     14,
     {"Soap Dish", "Toothbrush Holder", "Towel Rail", "Hook Rail", "Toilet Brush", "Waste Bin"}},
    {5,
     "Saunas",
     900,
     {"Sauna Bench", "Sauna Bucket", "Plunge Tub", "Sauna Stove", "Sauna Stone", "Ladle"}},
    {6, "Cots", 210, {"Cot", "Crib", "Cradle", "Toddler Bed", "Cot Mattress", "Bed Guard"}},
    {6,
     "Toys",
     26,
     {"Building Blocks", "Train Set", "Puppet", "Puzzle", "Spinning Top", "Rocking Horse"}},
    {6,
     "Play Tables",
     75,
     {"Play Table", "Easel", "Sand Table", "Craft Desk", "Toy Kitchen", "Workbench Toy"}},
    {6,
     "Toy Storage",
     45,
     {"Toy Chest", "Book Rack", "Storage Basket", "Peg Rail", "Toy Shelf", "Bench Box"}},
    {6,
     "High Chairs",
     95,
     {"High Chair", "Booster Seat", "Step Stool", "Learning Tower", "Bouncer", "Play Mat"}},
    {6, "Prams", 380, {"Pram", "Buggy", "Sling", "Carry Cot", "Changing Bag", "Foot Muff"}},
    {7,
     "Coat Stands",
     80,
     {"Coat Stand", "Coat Hook", "Hall Tree", "Hat Rack", "Umbrella Stand", "Key Cabinet"}},
    {7,
     "Shoe Storage",
     110,
     {"Shoe Rack", "Shoe Bench", "Boot Tray", "Shoe Cabinet", "Boot Jack", "Shoe Box"}},
    {7,
     "Mats",
     28,
     {"Door Mat", "Runner", "Stair Tread", "Coir Mat", "Boot Scraper", "Threshold Mat"}},
    {7,
     "Mirrors",
     120,
     {"Wall Mirror", "Floor Mirror", "Arch Mirror", "Round Mirror", "Hand Mirror", "Table Mirror"}},
    {7,
     "Letterboxes",
     60,
     {"Letterbox", "Parcel Box", "House Number", "Door Bell", "Door Knocker", "Name Plate"}},
    {7,
     "Stairs",
     700,
     {"Loft Ladder", "Stair Gate", "Step Ladder", "Handrail", "Spiral Stair", "Stair Rod"}},
    {8,
     "Ceiling Lights",
     140,
     {"Chandelier", "Spotlight", "Ceiling Fan", "Flush Light", "Track Light", "Lamp Shade"}},
    {8,
     "Wall Lights",
     75,
     {"Wall Light", "Sconce", "Picture Light", "Swing Arm Light", "Bulkhead Light", "Night Light"}},
    {8,
     "Desk Lights",
     65,
     {"Desk Lamp", "Clip Lamp", "Work Lamp", "Bankers Lamp", "Magnifier Lamp", "Book Light"}},
    {8,
     "Floor Lights",
     160,
     {"Arc Lamp", "Uplighter", "Tripod Lamp", "Column Lamp", "Paper Lantern", "Torchiere"}},
    {8,
     "Outdoor Lights",
     55,
     {"Solar Light", "Path Light", "String Lights", "Lantern", "Flood Light", "Post Light"}},
    {8,
     "Bulbs",
     9,
     {"LED Bulb", "Filament Bulb", "Candle Bulb", "Globe Bulb", "Tube Light", "Dimmer"}},
    {9,
     "Curtains",
     60,
     {"Curtain", "Net Curtain", "Roller Blind", "Roman Blind", "Curtain Rod", "Tie Back"}},
    {9,
     "Cushions",
     22,
     {"Cushion", "Seat Pad", "Floor Cushion", "Bolster", "Cushion Cover", "Neck Roll"}},
    {9,
     "Rugs",
     210,
     {"Wool Rug", "Flatweave Rug", "Shag Rug", "Sheepskin", "Kilim", "Rug Underlay"}},
    {9, "Throws", 45, {"Throw", "Quilt", "Bedspread", "Plaid", "Weighted Blanket", "Shawl"}},
    {9,
     "Table Linen",
     18,
     {"Tablecloth", "Napkin", "Place Mat", "Table Runner", "Tea Towel", "Oven Glove"}},
    {9,
     "Fabrics",
     25,
     {"Upholstery Fabric", "Curtain Fabric", "Oilcloth", "Ticking", "Felt Sheet", "Ribbon"}},
};
const unsigned seed_group_count = LENGTH(seed_groups);

static const char *const line_starts_words[] = {
    "Al",  "Bir", "Cor", "Dun", "Em",  "Fjor", "Gro", "Har", "Is",  "Jun", "Kel", "Lin",
    "Mar", "Nor", "Os",  "Pel", "Ros", "Sol",  "Tor", "Ulv", "Val", "Wil", "Yst", "Ze",
};
const struct seed_list seed_line_starts = LIST(line_starts_words);

static const char *const line_ends_words[] = {
    "da", "den", "gard", "holm", "ina", "ka", "lund", "mark", "nes", "sta", "vik", "wen",
};
const struct seed_list seed_line_ends = LIST(line_ends_words);

static const char *const brand_starts_words[] = {
    "Nord",  "Berg", "Hav",   "Skog",   "Sten",   "Lys",   "Eik",   "Fjell", "Bjork",
    "Elm",   "Ask",  "Furu",  "Granit", "Sand",   "Moss",  "Lark",  "Heath", "Wren",
    "Cedar", "Clay", "Flint", "Amber",  "Silver", "Maple", "Rowan",
};
const struct seed_list seed_brand_starts = LIST(brand_starts_words);

static const char *const brand_ends_words[] = {
    "hus",   "verk",  "form", "lund",  "stad", "craft", "works", "line", "atelier", "design",
    "brook", "field", "mill", "forge", "loom", "house", "smith", "wood", "stone",   "lab",
};
const struct seed_list seed_brand_ends = LIST(brand_ends_words);

static const char *const materials_words[] = {
    "oak",    "pine",      "steel",     "cotton", "birch",     "glass",      "linen",   "walnut",
    "bamboo", "aluminium", "ash",       "wool",   "beech",     "rattan",     "leather", "ceramic",
    "marble", "brass",     "plywood",   "velvet", "iron",      "concrete",   "cork",    "teak",
    "acacia", "jute",      "polyester", "copper", "stoneware", "porcelain",  "felt",    "cane",
    "larch",  "cherry",    "mahogany",  "slate",  "granite",   "terracotta", "silk",    "hemp",
    "enamel", "pewter",    "zinc",      "bronze", "paper",     "rubber",     "acrylic", "sheepskin",
};
const struct seed_list seed_materials = LIST(materials_words);

static const char *const colours_words[] = {
    "white",      "black",      "grey",  "natural",    "beige",    "brown",  "blue",
    "green",      "anthracite", "cream", "red",        "sand",     "yellow", "navy",
    "olive",      "pink",       "taupe", "turquoise",  "orange",   "ivory",  "terracotta red",
    "mustard",    "burgundy",   "teal",  "lilac",      "charcoal", "mint",   "rose",
    "petrol",     "silver",     "gold",  "copper red", "sage",     "rust",   "sky blue",
    "moss green", "plum",       "coral", "ochre",      "graphite",
};
const struct seed_list seed_colours = LIST(colours_words);

static const char *const styles_words[] = {
    "modern style",    "Scandinavian style",  "classic style",     "industrial style",
    "country style",   "minimalist style",    "vintage style",     "Japanese style",
    "rustic style",    "coastal style",       "mid-century style", "bohemian style",
    "art deco style",  "Mediterranean style", "colonial style",    "farmhouse style",
    "Victorian style", "brutalist style",     "shaker style",      "retro style",
};
const struct seed_list seed_styles = LIST(styles_words);

static const char *const looks_words[] = {
    "small",        "large",      "round",      "narrow",  "low",      "high",    "light",
    "sturdy",       "foldable",   "compact",    "wide",    "soft",     "slim",    "stackable",
    "handmade",     "extendable", "solid",      "curved",  "simple",   "elegant", "robust",
    "heavy",        "practical",  "adjustable", "flat",    "open",     "deep",    "padded",
    "woven",        "carved",     "striped",    "quilted", "portable", "modular", "reversible",
    "weatherproof", "washable",   "braided",    "tapered", "floating", "glazed",  "polished",
    "brushed",      "lacquered",  "oiled",      "smoked",  "hammered", "knitted", "embroidered",
    "pleated",      "ribbed",     "tufted",     "fringed", "gilded",   "marbled", "speckled",
    "bevelled",     "fluted",     "panelled",   "riveted",
};
const struct seed_list seed_looks = LIST(looks_words);

static const char *const benefits_words[] = {
    "It fits where there is little room.",
    "Made to last for many years.",
    "Easy to put together without tools.",
    "The surface resists scratches and stains.",
    "Goes well with the rest of the collection.",
    "Each piece is a little different.",
    "The cover can be taken off and washed.",
    "Comes with everything needed to hang it.",
    "Room for more than it seems.",
    "From forests that are managed well.",
    "The drawers close softly by themselves.",
    "Stands firmly on uneven floors.",
    "Folds flat when it is not needed.",
    "Its shape follows the body.",
    "Keeps warm in winter and cool in summer.",
    "Also available in other sizes.",
    "The handles are of cast brass.",
    "A favourite of families with children.",
    "Tested for daily use in hotels.",
    "Light enough for one person to carry.",
    "Hidden wheels make it easy to move.",
    "The edges are rounded for safety.",
    "Dimmable, and sparing with electricity.",
    "Woven by hand in a small workshop.",
    "Glazed twice for depth of colour.",
    "It can stay outside all year round.",
    "Turns any corner into a place to read.",
    "The legs can be screwed off.",
    "Cables vanish in the back.",
    "Designed by a young studio in Bergen.",
    "Stackable up to six high.",
    "The frame is welded, not screwed.",
    "Filled with down and feathers.",
    "A heirloom of tomorrow.",
    "Awarded for its quiet design.",
    "The lid doubles as a tray.",
    "Dishwasher and oven proof.",
    "Sharp for years without grinding.",
    "Rust has no chance.",
    "A gift that is remembered.",
};
const struct seed_list seed_benefits = LIST(benefits_words);

static const char *const cares_words[] = {
    "Wipe clean with a damp cloth.",
    "Wash at 40 degrees.",
    "Oil it once a year.",
    "Dry clean only.",
    "Hand wash and dry at once.",
    "Vacuum regularly.",
    "Keep away from direct sunlight.",
    "Do not bleach.",
    "Polish with a soft cloth.",
    "Rinse after use.",
    "Brush off when dry.",
    "Store in a dry place.",
    "Air from time to time.",
    "Iron while damp.",
    "Sharpen on a whetstone.",
    "Dust with a feather brush.",
    "Tighten the screws after a month.",
    "Cover in winter.",
    "Descale when needed.",
    "Wax every other year.",
};
const struct seed_list seed_cares = LIST(cares_words);

static const char *const occasions_words[] = {
    "bestseller", "new",     "outlet",   "gift",    "summer",      "winter",     "wedding",
    "limited",    "organic", "recycled", "vegan",   "christmas",   "easter",     "picnic",
    "camping",    "student", "rental",   "premium", "handcrafted", "fair trade",
};
const struct seed_list seed_occasions = LIST(occasions_words);
